import type { Mutant } from "./mutants.js";

function of(tests: string) {
  return (name: string, file: string, find: string, replace: string): Mutant => ({
    name,
    file: `packages/autoscaler/src/${file}`,
    find,
    replace,
    tests: `packages/autoscaler/test/${tests}`,
  });
}

const state = of("state");
const service = of("service");
const config = of("config");

/** The lock of the state folder, the records of sessions, and who may be closed by them. */
export const reclaimMutants: readonly Mutant[] = [
  state(
    "the lock asks for its process only",
    "state/lock.ts",
    "if (lives || (await isListening(stateFolder, lock.socket, clock))) {",
    "if (lives) {",
  ),
  state(
    "the lock asks its socket only",
    "state/lock.ts",
    "if (lives || (await isListening(stateFolder, lock.socket, clock))) {",
    "if (await isListening(stateFolder, lock.socket, clock)) {",
  ),
  state(
    "a lock from before a reboot holds",
    "state/lock.ts",
    "if (lock.bootId !== table.bootId) return;",
    "if (lock.bootId === undefined) return;",
  ),
  state(
    "this process counts as its predecessor of the same number",
    "state/lock.ts",
    "const lives = !ourOwnNumber && isAlive",
    "const lives = (ourOwnNumber || true) && isAlive",
  ),
  state(
    "a full socket is a dead one",
    "state/lock-socket.ts",
    'resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT");',
    "resolve(error.code === undefined);",
  ),
  state(
    "a damaged lock is free without a question",
    "state/lock.ts",
    "if (name !== self.socket && (await isListening(stateFolder, name, clock))) throw inUse",
    "if (name === self.socket && (await isListening(stateFolder, name, clock))) throw inUse",
  ),
  state(
    "sockets of killed daemons stay",
    "state/lock.ts",
    "removeQuietly(join(folder, name));\n  }\n  const sockets",
    "void name;\n  }\n  const sockets",
  ),
  state(
    "a link is followed",
    "state/small-file.ts",
    "constants.O_RDONLY | constants.O_NOFOLLOW |",
    "constants.O_RDONLY |",
  ),
  state(
    "a record outlives a reboot",
    "state/session-records.ts",
    "if (record.bootId !== expected.bootId) return",
    "if (record.bootId === undefined) return",
  ),
  state(
    "a copied state folder's records are used",
    "state/session-records.ts",
    "if (record.folder !== expected.folder) return",
    "if (record.folder === undefined) return",
  ),
  state(
    "a record of another scale set is used",
    "state/session-records.ts",
    "if (record.identity !== expected.identity) return",
    "if (record.identity === undefined) return",
  ),
  state("a record that others may read", "state/session-records.ts", "mode: 0o600, flag", "mode: 0o644, flag"),
  service(
    "a record of another owner is used",
    "daemon/own-session-record.ts",
    'record.owner !== owner ? "owner"',
    'record.owner === undefined ? "owner"',
  ),
  service(
    "a record of another config URL is used",
    "daemon/own-session-record.ts",
    'record.configUrl !== configUrl ? "config URL"',
    'record.configUrl === undefined ? "config URL"',
  ),
  service(
    "a closed session stays recorded",
    "daemon/own-session-record.ts",
    "if (sessionId === newest) records.delete(identity);",
    "void sessionId;",
  ),
  service(
    "a killed daemon's session is waited for",
    "service/client-adapter.ts",
    "recordedSession: sessionRecord?.read(),",
    "recordedSession: undefined,",
  ),
  service(
    "an open session is not recorded",
    "service/client-adapter.ts",
    "sessionRecord?.opened({ scaleSetId, sessionId });",
    "",
  ),
  config(
    "a state folder with too long a path is taken",
    "config/state-folder.ts",
    "if (bytes <= LONGEST_STATE_FOLDER_BYTES) return [];",
    "if (bytes > 0) return [];",
  ),
];
