export { type CheckLimits, type CheckName, checks, defaultCheckLimits, type Violation } from "./conformance/check.js";
export { type CheckOptions, ConformanceChecker } from "./conformance/checker.js";
export type { JobInput } from "./control/job-input.js";
export type { JobView, RunnerView, ScaleSetView, SessionView, SimulatorState, Summary } from "./control/views.js";
export { faultCatalogue } from "./faults/catalogue.js";
export type { Fault, FaultEffect, FaultedCall } from "./faults/fault.js";
export type { FaultPlan, FaultView } from "./faults/plan.js";
export type { RunnerPlan } from "./faults/runner-plan.js";
export type { AppRules } from "./gate/app-jwt.js";
export type { SimulatorFetch } from "./http/in-process.js";
export type { Listening, ListenOptions } from "./http/serve.js";
export type { JournalEntry, JournalSubject } from "./journal/entry.js";
export type { Journal, JournalQuery } from "./journal/journal.js";
export { newAppKey } from "./keys/app-key.js";
export type { RsaPrivateJwk } from "./keys/rsa-private-jwk.js";
export { fixedRunnerKeys, freshRunnerKeys, newRunnerKey, type RunnerKeys } from "./keys/runner-keys.js";
export type { SimulatorOptions } from "./options.js";
export type { RunnerBehaviour } from "./runner/behaviour.js";
export type { RunnerFetch } from "./runner/connection.js";
export { simulatedRunnerPath } from "./runner/path.js";
export { runSimulatedRunner, type SimulatedRunnerOptions } from "./runner/simulated-runner.js";
export {
  loadScenario,
  readScenario,
  ScenarioError,
  type ScenarioProblem,
  shippedScenario,
  shippedScenarios,
} from "./scenario/load.js";
export type { PlayOptions, ScenarioReport } from "./scenario/play.js";
export type { Scenario } from "./scenario/schema.js";
export { type ChangeableRules, defaultServiceOptions, type ServiceOptions } from "./service/options.js";
export type { RefusalKind } from "./service/refusal.js";
export type { ScaleSetInput } from "./service/scale-sets.js";
export type { JobResult, JobState, Label, Statistics } from "./service/state.js";
export type { TokenKind } from "./service/tokens.js";
export { createSimulator, Simulator } from "./simulator.js";
export { type Clock, type Deadline, type SetTimer, waitsOver } from "./time/clock.js";
export { type Random, seededRandom } from "./time/random.js";
export { realClock } from "./time/real-clock.js";
export { scaledClock } from "./time/scaled-clock.js";
export { type PendingTimer, type RunLimits, VirtualClock } from "./time/virtual-clock.js";
export { type CallName, callNames } from "./wire/calls.js";
export type { UrlShapes } from "./wire/endpoints.js";
export { WorkflowError, type WorkflowProblem } from "./workflow/located.js";
export type { WorkflowView } from "./workflow/run.js";
