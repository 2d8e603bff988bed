import { daemonGround, serviceGround } from "./grounds.js";
import { type Mutant, mutantsOf } from "./mutant.js";

const AUTOSCALER = "packages/autoscaler/";
const files = { none: "worlds have no files: their state folders are objects with one owner" };

const daemon = mutantsOf({ ...daemonGround, worlds: ["crash", "takeover", "edits", "frozen"] });
const service = mutantsOf({ ...serviceGround, worlds: ["crash", "takeover", "frozen"] });
const state = mutantsOf({ folder: `${AUTOSCALER}src/state/`, tests: [`${AUTOSCALER}test/state`], worlds: files });
const config = mutantsOf({ folder: `${AUTOSCALER}src/config/`, tests: [`${AUTOSCALER}test/config`], worlds: files });

/** The lock of the state folder, the records of sessions, and who may be closed by them. */
export const reclaimMutants: readonly Mutant[] = [
  state(
    "the lock asks for its process only",
    "lock.ts",
    "if (lives || (await isListening(stateFolder, lock.socket, clock))) {",
    "if (lives) {",
  ),
  state(
    "the lock asks its socket only",
    "lock.ts",
    "if (lives || (await isListening(stateFolder, lock.socket, clock))) {",
    "if (await isListening(stateFolder, lock.socket, clock)) {",
  ),
  state(
    "a lock from before a reboot holds",
    "lock.ts",
    "if (lock.bootId !== table.bootId) return;",
    "if (lock.bootId === undefined) return;",
  ),
  state(
    "this process counts as its predecessor of the same number",
    "lock.ts",
    "const lives = !ourOwnNumber && isAlive",
    "const lives = (ourOwnNumber || true) && isAlive",
  ),
  state(
    "a full socket is a dead one",
    "lock-socket.ts",
    'resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT");',
    "resolve(error.code === undefined);",
  ),
  state(
    "a damaged lock is free without a question",
    "lock.ts",
    "if (name !== self.socket && (await isListening(stateFolder, name, clock))) throw inUse",
    "if (name === self.socket && (await isListening(stateFolder, name, clock))) throw inUse",
  ),
  state(
    "sockets of killed daemons stay",
    "lock.ts",
    "removeQuietly(join(folder, name));\n  }\n  const sockets",
    "void name;\n  }\n  const sockets",
  ),
  state("a link is followed", "small-file.ts", "constants.O_RDONLY | constants.O_NOFOLLOW |", "constants.O_RDONLY |"),
  state(
    "a record outlives a reboot",
    "session-records.ts",
    "if (record.bootId !== expected.bootId) return",
    "if (record.bootId === undefined) return",
  ),
  state(
    "a copied state folder's records are used",
    "session-records.ts",
    "if (record.folder !== expected.folder) return",
    "if (record.folder === undefined) return",
  ),
  state(
    "a record of another scale set is used",
    "session-records.ts",
    "if (record.identity !== expected.identity) return",
    "if (record.identity === undefined) return",
  ),
  state("a record that others may read", "session-records.ts", "mode: 0o600, flag", "mode: 0o644, flag"),
  daemon(
    "a record of another owner is used",
    "own-session-record.ts",
    'record.owner !== owner ? "owner"',
    'record.owner === undefined ? "owner"',
    { worlds: { none: "a world's copied state folder is told by its folder, before its records are read" } },
  ),
  daemon(
    "a record of another config URL is used",
    "own-session-record.ts",
    'record.configUrl !== configUrl ? "config URL"',
    'record.configUrl === undefined ? "config URL"',
    { worlds: { none: "a world's copied state folder is told by its folder, before its records are read" } },
  ),
  daemon(
    "a closed session stays recorded",
    "own-session-record.ts",
    "if (sessionId === newest) records.delete(identity);",
    "void sessionId;",
    { worlds: { none: "it is closed once more in vain, and nothing else" } },
  ),
  service(
    "a killed daemon's session is waited for",
    "client-adapter.ts",
    "recordedSession: sessionRecord?.read(),",
    "recordedSession: undefined,",
    { worlds: { none: "`npm run kills` and `npm run two-daemons` measure how soon a killed daemon serves again" } },
  ),
  service(
    "an open session is not recorded",
    "client-adapter.ts",
    "sessionRecord?.opened({ scaleSetId, sessionId });",
    "",
    { worlds: { none: "`npm run kills` and `npm run two-daemons` measure how soon a killed daemon serves again" } },
  ),
  config(
    "a state folder with too long a path is taken",
    "state-folder.ts",
    "if (bytes <= LONGEST_STATE_FOLDER_BYTES) return [];",
    "if (bytes > 0) return [];",
  ),
];
