import { newRunnerKey, type RunnerKeys } from "@scaleset/simulator";

const key = newRunnerKey(512);

/** One small key for every runner, of the fewest bits there may be: each signs once in its life, and with a key of the usual size that is a tenth of a world's time. */
export const smallRunnerKey: RunnerKeys = { keyOf: () => key };
