import type { DemoProvisioner } from "../demo/ground.js";
import type { DemoAddresses } from "../demo/run-demo.js";
import { type ExitCode, exitCodes } from "./exit-codes.js";
import { exitCodeFor, type StopRequests, stopRequests } from "./signals.js";

export interface DemoCommand {
  readonly jobs: number;
  readonly maxRunners: number;
  readonly seed: number;
  readonly provisioner: DemoProvisioner;
  readonly json: boolean;
  readonly keep: boolean;
}

/** `scaleset demo`: shows it all on this machine, and says whether all went well. */
export async function demo(command: DemoCommand): Promise<ExitCode> {
  const { jobs, maxRunners, seed, provisioner, json, keep } = command;
  const output = json ? process.stderr : process.stdout;
  const say = (text: string): void => void output.write(`${text}\n`);
  say(`scaleset demo: ${jobs} jobs, at most ${maxRunners} runners, seed ${seed}`);

  using stop = stopRequests(
    () => say("\nstopping: ending the runners and clearing up"),
    () => say("stopping at once; runners may be left"),
  );
  // Loaded only now, so that the line above is there at once, and Ctrl-C is heard from the start.
  const [{ progressView }, { faultsOf, reportJson, reportText }, { runDemo }, { thisHost }] = await Promise.all([
    import("../demo/progress.js"),
    import("../demo/report.js"),
    import("../demo/run-demo.js"),
    import("../this-host.js"),
  ]);
  let exitCode: ExitCode = exitCodes.failed.code;
  try {
    await runDemo({
      jobs,
      maxRunners,
      seed,
      provisioner,
      host: thisHost(),
      signal: stop.signal,
      view: progressView(output),
      onReport: async (report, addresses) => {
        const faults = faultsOf(report);
        say(`\n${reportText(report)}\n`);
        say(faults.length === 0 ? "everything ended as it should" : `NOT as it should be: ${faults.join("; ")}`);
        if (json) process.stdout.write(`${reportJson(report)}\n`);
        if (faults.length === 0) exitCode = exitCodes.ok.code;
        else exitCode = report.jobs.open > 0 ? exitCodes.demoTimeout.code : exitCodes.demoFailed.code;
        if (keep) await stayUp(addresses, { stop, say });
      },
    });
    return exitCode;
  } catch (error) {
    if (stop.received !== undefined) return exitCodeFor(stop.received);
    throw error;
  }
}

async function stayUp(
  { simulatorUrl, configFile, logFile }: DemoAddresses,
  { stop, say }: { readonly stop: StopRequests; readonly say: (text: string) => void },
): Promise<void> {
  const job = `'{"scaleSet":"demo","script":"sleep 2"}'`;
  say(`
staying up until Ctrl-C:
  simulated GitHub   ${simulatorUrl}
  its state          ${simulatorUrl}/_simulator/state
  one more job       curl -H content-type:application/json -d ${job} ${simulatorUrl}/_simulator/jobs
  config             ${configFile}
  log                ${logFile}`);
  await stop.requested;
}
