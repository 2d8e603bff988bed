import type { Ground } from "./mutant.js";

const AUTOSCALER = "packages/autoscaler/";
const TESTS = `${AUTOSCALER}test/`;

/** Rules of the core. */
export const coreGround: Ground = {
  folder: `${AUTOSCALER}src/core/`,
  tests: [`${TESTS}core`, `${TESTS}law`],
  worlds: ["storm", "vanish", "crash", "outdated", "calm"],
};

/** How commands are carried out: the lease, the budget, ceilings, turns. */
export const engineGround: Ground = {
  folder: `${AUTOSCALER}src/engine/`,
  tests: [`${AUTOSCALER}src/engine`, `${TESTS}engine`, `${TESTS}law`, `${TESTS}daemon`],
  worlds: ["frozen", "crash", "storm", "narrow"],
};

/** Between scale sets of a daemon. */
export const daemonGround: Ground = {
  folder: `${AUTOSCALER}src/daemon/`,
  tests: [`${TESTS}daemon/s`, `${TESTS}service`, `${TESTS}daemon`, `${TESTS}law`],
  worlds: ["fair", "full", "limits"],
};

/** Between the autoscaler and the client. */
export const serviceGround: Ground = {
  folder: `${AUTOSCALER}src/service/`,
  tests: [`${TESTS}service`],
  worlds: ["frozen", "edits", "deaf", "takeover"],
};

/** The listener and its session. */
export const clientGround: Ground = {
  folder: "packages/client/src/",
  tests: ["packages/client/test/listener", "packages/client/test/session", "packages/client/test"],
  worlds: ["deaf", "storm", "narrow", "shared"],
};
