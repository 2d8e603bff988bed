import type { JournalEntry } from "@scaleset/simulator";

/** A registration, as the service's journal has it. */
export interface RunnerFact {
  readonly id: number;
  readonly name: string;
  readonly scaleSetId: number;
  registered: boolean;
  /** Its scale set went away under it. */
  orphaned: boolean;
  everOnline: boolean;
  /** The job that it works on, and since when by the world's clock. */
  job: number | undefined;
  jobStartedMs: number;
  /** It started a job at some time. */
  hadJob: boolean;
  /** A daemon's removal was answered 204. */
  removalAnswered: boolean;
  /** A daemon asked to remove it. */
  removalAsked: boolean;
  /** A daemon was answered that there is no such runner. */
  absentAnswered: boolean;
}

/** Every registration there ever was. */
export class Registrations {
  readonly byName = new Map<string, RunnerFact>();
  readonly byId = new Map<number, RunnerFact>();

  entry({ subject, event, scaleSetId, runnerId, runnerName, job }: JournalEntry, nowMs: number): void {
    if (runnerId === undefined) return;
    if (subject === "runner" && event === "registered" && runnerName !== undefined && scaleSetId !== undefined) {
      this.#add(runnerId, runnerName, scaleSetId);
    }
    const runner = this.byId.get(runnerId);
    if (runner === undefined) return;
    if (subject === "runner") {
      if (event === "online") runner.everOnline = true;
      if (event === "removed" || event === "orphaned") runner.registered = false;
      if (event === "orphaned") runner.orphaned = true;
    }
    if (subject !== "job") return;
    if (event === "started") {
      runner.job = job;
      runner.jobStartedMs = nowMs;
      runner.hadJob = true;
    }
    if (event === "completed" || event === "lapsed") runner.job = undefined;
  }

  #add(id: number, name: string, scaleSetId: number): void {
    const runner: RunnerFact = {
      id,
      name,
      scaleSetId,
      registered: true,
      orphaned: false,
      everOnline: false,
      job: undefined,
      jobStartedMs: 0,
      hadJob: false,
      removalAnswered: false,
      removalAsked: false,
      absentAnswered: false,
    };
    this.byName.set(name, runner);
    this.byId.set(id, runner);
  }
}
