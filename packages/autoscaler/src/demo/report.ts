/** What became of everything, as counted by the simulated service and by the backend. */
export interface DemoReport {
  readonly jobs: {
    readonly total: number;
    readonly succeeded: number;
    readonly failed: number;
    /** Ended without a runner having finished them. */
    readonly lost: number;
    /** Started by two runners. */
    readonly twice: number;
    /** Not ended. */
    readonly open: number;
  };
  /** Whether exactly the job that should fail did. */
  readonly failedAsMeant: boolean;
  readonly runners: { readonly started: number; readonly maxLive: number };
  readonly maxRunners: number;
  readonly registrationsLeft: number;
  readonly instancesLeft: number;
  /** From queued to started. */
  readonly queueToStartMs: { readonly p50: number; readonly p95: number };
  /** From queueing the jobs to the end of the last one. */
  readonly wallMs: number;
}

/** Everything that is not as it should be, in words; empty when all is well. */
export function faultsOf(report: DemoReport): string[] {
  const { jobs, runners } = report;
  const faults: string[] = [];
  const expect = (fine: boolean, fault: string): void => {
    if (!fine) faults.push(fault);
  };
  expect(jobs.open === 0, `${jobs.open} jobs did not end`);
  expect(jobs.lost === 0, `${jobs.lost} jobs were lost`);
  expect(jobs.twice === 0, `${jobs.twice} jobs were started by two runners`);
  expect(jobs.succeeded === jobs.total - 1, `${jobs.succeeded} jobs succeeded where ${jobs.total - 1} should have`);
  expect(report.failedAsMeant, "the jobs that failed are not the one that was meant to");
  expect(report.registrationsLeft === 0, `${report.registrationsLeft} runners are still registered`);
  expect(report.instancesLeft === 0, `${report.instancesLeft} instances are left`);
  expect(runners.maxLive <= report.maxRunners, `${runners.maxLive} runners were live, above ${report.maxRunners}`);
  return faults;
}

/** The one line that scripts read. */
export function reportJson({ jobs, runners, registrationsLeft, queueToStartMs, wallMs }: DemoReport): string {
  const { total, succeeded, failed, lost } = jobs;
  return JSON.stringify({
    jobs: { total, succeeded, failed, lost },
    runners,
    registrationsLeft,
    queueToStartMs,
    wallMs,
  });
}

/** The same for people. */
export function reportText(report: DemoReport): string {
  const { jobs, runners, queueToStartMs } = report;
  const rows: readonly (readonly [string, string])[] = [
    [
      "jobs",
      `${jobs.total}: ${jobs.succeeded} succeeded, ${jobs.failed} failed${report.failedAsMeant ? " (on purpose)" : ""}, ` +
        `${jobs.lost} lost, ${jobs.twice} ran twice`,
    ],
    ["runners", `${runners.started} started, at most ${runners.maxLive} at one time (limit ${report.maxRunners})`],
    ["queue to start", `half within ${seconds(queueToStartMs.p50)}, 95 % within ${seconds(queueToStartMs.p95)}`],
    ["left behind", `${report.registrationsLeft} registrations, ${report.instancesLeft} instances`],
    ["wall time", seconds(report.wallMs)],
  ];
  return rows.map(([name, value]) => `${name.padEnd(16)}${value}`).join("\n");
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
