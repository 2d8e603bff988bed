#!/usr/bin/env node
import { messageOf } from "../message-of.js";
import { realClock, realRandom } from "../time/real-clock.js";
import type { RunnerBehaviour } from "./behaviour.js";
import { RunnerConnection } from "./connection.js";
import { exitCodes, scriptExitCode } from "./exit-codes.js";
import { httpFetch } from "./http-fetch.js";
import { lead } from "./lead.js";
import { readJitConfig } from "./runner-config.js";
import { StepLogs } from "./send-logs.js";
import { shellWorker } from "./shell-worker.js";

/** The environment variable in which the official runner takes its JIT config. */
const jitConfigVariable = "ACTIONS_RUNNER_INPUT_JITCONFIG";
/** How to misbehave, as JSON; see `RunnerBehaviour`. */
const behaviourVariable = "SCALESET_SIMULATED_RUNNER_BEHAVIOUR";

process.exitCode = await main(process.argv.slice(2), process.env);

/** The simulated runner as a program, started like the official one: `--jitconfig VALUE`, or in the environment. */
async function main(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const flag = args.indexOf("--jitconfig");
  const encoded = flag >= 0 ? args[flag + 1] : environment[jitConfigVariable];
  const returnVersionDeprecated = environment["ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE"] === "1";
  if (!encoded) {
    process.stderr.write(`scaleset-simulated-runner: give a JIT config by --jitconfig VALUE or ${jitConfigVariable}\n`);
    return exitCodes.terminated;
  }
  const stop = new AbortController();
  // The second signal is for whoever cannot wait.
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => (stop.signal.aborted ? process.exit(130) : stop.abort(new Error(name))));
  }
  const http = httpFetch();
  try {
    const config = readJitConfig(encoded);
    const logs = new StepLogs({ fetch: http.fetch, clock: realClock });
    const connection = new RunnerConnection({ config, fetch: http.fetch, clock: realClock, random: realRandom });
    const code = await lead({
      connection,
      worker: shellWorker({
        root: config.workFolder,
        runnerName: config.agentName,
        environment: withoutInputs(environment),
        clock: realClock,
        onOutput: (stepId, text) => logs.add(stepId, text),
      }),
      sendLogs: (job, options) => logs.send(job, options),
      clock: realClock,
      random: realRandom,
      behaviour: await behaviourOf(config.behaviour, environment[behaviourVariable]),
      stop: stop.signal,
      death: new AbortController().signal,
      log: (line) => process.stdout.write(`${new Date(realClock.now()).toISOString()}: ${line}\n`),
    });
    return scriptExitCode(code === "crashed" ? exitCodes.terminated : code, { returnVersionDeprecated });
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return scriptExitCode(exitCodes.terminated, { returnVersionDeprecated });
  } finally {
    http.close();
  }
}

/** A job must not see what its runner was started with. */
function withoutInputs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !name.startsWith("ACTIONS_RUNNER_INPUT_") && name !== behaviourVariable,
    ),
  );
}

/** Loaded when there is something to read: nearly every runner behaves, and should start fast. */
async function behaviourOf(
  fromConfig: string | undefined,
  fromEnvironment: string | undefined,
): Promise<RunnerBehaviour> {
  if (!fromConfig && !fromEnvironment) return {};
  const { readBehaviour } = await import("./behaviour.js");
  return {
    ...(fromConfig ? readBehaviour(fromConfig, "the JIT config") : {}),
    ...(fromEnvironment ? readBehaviour(fromEnvironment, behaviourVariable) : {}),
  };
}
