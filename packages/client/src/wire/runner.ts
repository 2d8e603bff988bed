import { Secret } from "../secret.js";
import type { JitRunnerConfig, RunnerDownload, RunnerReference } from "../types.js";
import { array, at, type Field, integer, lenient, nonEmpty, record, string } from "./decode.js";

export function runner(field: Field): RunnerReference {
  record(field);
  return {
    id: integer(at(field, "id")),
    name: string(at(field, "name")),
    runnerScaleSetId: lenient(at(field, "runnerScaleSetId"), integer, undefined),
  };
}

export function jitConfig(field: Field): JitRunnerConfig {
  return {
    runner: runner(at(field, "runner")),
    encodedJitConfig: new Secret(nonEmpty(at(field, "encodedJITConfig"))),
  };
}

export function runnerDownloads(field: Field): readonly RunnerDownload[] {
  return array(field).map((download) => ({
    os: string(at(download, "os")),
    architecture: string(at(download, "architecture")),
    downloadUrl: nonEmpty(at(download, "download_url")),
    filename: string(at(download, "filename")),
    sha256Checksum: lenient(at(download, "sha256_checksum"), nonEmpty, undefined),
  }));
}
