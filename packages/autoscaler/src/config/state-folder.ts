import { Buffer } from "node:buffer";
import { resolve } from "node:path";
import { substitute } from "./environment.js";
import { absolutePath, type ConfigHost, defaultStateFolder, readText } from "./host.js";
import { ConfigError, type ConfigIssue } from "./issue.js";
import { type ConfigSource, valueAt } from "./source.js";
import { yamlSource } from "./yaml-source.js";

/**
 * The state folder that a config file names, and nothing else of it: whoever asks a running daemon how it is need not
 * have its secrets.
 *
 * @throws {ConfigError} when the file can't be read, or is no YAML
 */
export function stateFolderOf(file: string, host: ConfigHost): string {
  const path = resolve(host.workingFolder, file);
  const read = readText(path);
  if (read.text === undefined) {
    const place = { kind: "file", file, line: 1, column: 1 } as const;
    const remedy = "give the path of the file that the daemon runs with, or its --state-folder";
    throw new ConfigError([{ place, path: [], problem: `the config file ${read.why}`, remedy }]);
  }
  const source = yamlSource(read.text, { file: path, name: file });
  const stateFolder = valueAt(source.raw, ["stateFolder"]);
  const { raw, issues } = substitute({ ...source, raw: { stateFolder } }, host.environment);
  if (issues.length > 0) throw new ConfigError(issues);
  const found = valueAt(raw, ["stateFolder"]);
  return typeof found === "string" && found !== "" ? absolutePath(found, source.baseFolder) : defaultStateFolder(host);
}

/** So that the path of the lock's socket in it has at most 100 bytes: some systems cut longer ones silently. */
export const LONGEST_STATE_FOLDER_BYTES = 100 - "/lock-00000000.sock".length;

/** What is wrong with a state folder's path. */
export function stateFolderIssues(stateFolder: string, source: Pick<ConfigSource, "place">): ConfigIssue[] {
  const bytes = Buffer.byteLength(stateFolder);
  if (bytes <= LONGEST_STATE_FOLDER_BYTES) return [];
  const path = ["stateFolder"];
  const problem = `the path ${stateFolder} has ${bytes} bytes, at most ${LONGEST_STATE_FOLDER_BYTES} are possible: the daemon keeps a socket there`;
  return [{ place: source.place(path), path, problem, remedy: "give a shorter path with stateFolder" }];
}
