/**
 * What a runner gets of the daemon's environment. Jobs are strangers' code: everything else that the daemon was given
 * (tokens, keys, proxies with passwords) stays with the daemon.
 */
const INHERITED = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"] as const;

const FALLBACK_PATH = "/usr/local/bin:/usr/bin:/bin";

/** The variable that the actions runner takes its JIT config from. */
export const JIT_CONFIG_VARIABLE = "ACTIONS_RUNNER_INPUT_JITCONFIG";

/** A runner's environment, but for its JIT config: what is inherited, then what the options say, then what must be. */
export function runnerEnvironment(
  daemon: Readonly<Record<string, string | undefined>>,
  own: Readonly<Record<string, string>>,
  marks: Readonly<Record<string, string>>,
): Record<string, string> {
  const environment: Record<string, string> = { PATH: FALLBACK_PATH };
  for (const name of INHERITED) {
    const value = daemon[name];
    if (value !== undefined) environment[name] = value;
  }
  return {
    ...environment,
    ...own,
    ...marks,
    // Without it `run.sh` turns "this version is deprecated" (7) into 0, which looks like a runner without a job.
    ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE: "1",
  };
}
