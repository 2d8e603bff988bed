import type { Hooks } from "./hooks.js";

/**
 * What a runner gets of the daemon's environment. Jobs are strangers' code: everything else that the daemon was given
 * (tokens, keys, proxies with passwords) stays with the daemon.
 */
const INHERITED = ["PATH", "LANG", "TZ"] as const;

/** The daemon's own places: of no use to another user. */
const OF_ITS_USER = ["HOME", "TMPDIR"] as const;

const FALLBACK_PATH = "/usr/local/bin:/usr/bin:/bin";

/** The variable that the actions runner takes its JIT config from. */
export const JIT_CONFIG_VARIABLE = "ACTIONS_RUNNER_INPUT_JITCONFIG";

export interface EnvironmentParts {
  readonly daemon: Readonly<Record<string, string | undefined>>;
  /** What another user finds in its environment; undefined when runners are the daemon's own user. */
  readonly user: Readonly<Record<string, string>> | undefined;
  /** As the options say. */
  readonly own: Readonly<Record<string, string>>;
  readonly hooks: Hooks;
  readonly marks: Readonly<Record<string, string>>;
}

/** A runner's environment, but for its JIT config: what is inherited, then what the options say, then what must be. */
export function runnerEnvironment({ daemon, user, own, hooks, marks }: EnvironmentParts): Record<string, string> {
  const environment: Record<string, string> = { PATH: FALLBACK_PATH, ...user };
  for (const name of user === undefined ? [...INHERITED, ...OF_ITS_USER] : INHERITED) {
    const value = daemon[name];
    if (value !== undefined) environment[name] = value;
  }
  const { jobStarted, jobCompleted } = hooks;
  return {
    ...environment,
    ...own,
    ...(jobStarted === undefined ? {} : { ACTIONS_RUNNER_HOOK_JOB_STARTED: jobStarted }),
    ...(jobCompleted === undefined ? {} : { ACTIONS_RUNNER_HOOK_JOB_COMPLETED: jobCompleted }),
    ...marks,
    // Without it `run.sh` turns "this version is deprecated" (7) into 0, which looks like a runner without a job.
    ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE: "1",
  };
}
