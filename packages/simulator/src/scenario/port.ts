import type { JobInput } from "../control/job-input.js";
import type { JobView, SimulatorState, Summary } from "../control/views.js";
import type { FaultPlan } from "../faults/plan.js";
import type { RunnerPlan } from "../faults/runner-plan.js";
import type { Journal } from "../journal/journal.js";
import type { TokenKind } from "../service/tokens.js";
import type { Random } from "../time/random.js";

/** What a scenario does to a simulator; the simulator itself. */
export interface ScenarioPort {
  readonly journal: Journal;
  readonly faults: FaultPlan;
  when(condition: () => boolean, options: { readonly signal: AbortSignal }): Promise<void>;
  state(): SimulatorState;
  summary(): Summary;
  queueJob(job: JobInput): JobView;
  cancelJob(id: number): boolean;
  misbehaveRunners(plans: readonly RunnerPlan[], random?: Random): void;
  expireSession(scaleSetId: number): boolean;
  leaveStaleSession(scaleSetId: number, options: { readonly ownerName: string; readonly forMs: number }): boolean;
  removeScaleSet(id: number): boolean;
  dropRunner(name: string): boolean;
  deprecateRunners(deprecated: boolean): void;
  revokeTokens(kind: TokenKind): void;
}
