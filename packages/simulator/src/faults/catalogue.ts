import type { Fault } from "./fault.js";

const zeroStatistics = {
  totalAvailableJobs: 0,
  totalAcquiredJobs: 0,
  totalAssignedJobs: 0,
  totalRunningJobs: 0,
  totalRegisteredRunners: 0,
  totalBusyRunners: 0,
  totalIdleRunners: 0,
};

/**
 * The rows of protocol.md §6 that are wrong answers, each struck once; spread one and change `count`, `probability` or
 * the window. The other rows are states of the world: methods of the simulator (`expireSession`, `removeScaleSet`,
 * `deprecateRunners`, …) and behaviours of runners bring those about.
 */
export const faultCatalogue = {
  F1: [
    {
      name: "F1 conflict without an owner",
      call: "open-session",
      count: 1,
      effect: {
        kind: "refusal",
        refusal: "RunnerScaleSetSessionConflictException",
        message: "The runner scale set already has an active session.",
      },
    },
  ],
  F2: [
    { name: "F2 empty body", call: "get-message", count: 1, effect: { kind: "answer", status: 200, body: "" } },
    { name: "F2 truncated body", call: "get-message", count: 1, effect: { kind: "truncated" } },
    {
      name: "F2 no JSON",
      call: "get-message",
      count: 1,
      effect: { kind: "answer", status: 200, body: "gone fishing", contentType: "text/plain" },
    },
    { name: "F2 server error", call: "get-message", count: 1, effect: { kind: "answer", status: 503 } },
    { name: "F2 bad gateway", call: "get-message", count: 1, effect: { kind: "bad-gateway" } },
    { name: "F2 reset", call: "get-message", count: 1, effect: { kind: "reset" } },
    { name: "F2 reset in the body", call: "get-message", count: 1, effect: { kind: "reset", afterBytes: 20 } },
    { name: "F2 byte order mark", call: "get-message", count: 1, effect: { kind: "bom" } },
  ],
  F3: [
    {
      name: "F3 queue token",
      call: "get-message",
      count: 1,
      effect: { kind: "refusal", refusal: "UnauthorizedException" },
    },
    {
      name: "F3 session unknown",
      call: "refresh-session",
      count: 1,
      effect: { kind: "refusal", refusal: "RunnerAdminException" },
    },
  ],
  F5: [
    {
      name: "F5 no queue URL",
      call: "open-session",
      count: 1,
      effect: { kind: "patch", body: { messageQueueUrl: "" } },
    },
    {
      name: "F5 nil id",
      call: "open-session",
      count: 1,
      effect: { kind: "patch", body: { sessionId: "00000000-0000-0000-0000-000000000000" } },
    },
    { name: "F5 no statistics", call: "open-session", count: 1, effect: { kind: "patch", body: { statistics: null } } },
  ],
  // lifecycle.md §2: one 404 is a rumor.
  agents: [
    { name: "agents: a runner is not found", call: "get-runner", count: 1, effect: { kind: "hidden" } },
    { name: "agents: a list is empty", call: "list-runners", count: 1, effect: { kind: "hidden" } },
    { name: "agents: a removal finds no runner", call: "remove-runner", count: 1, effect: { kind: "hidden" } },
  ],
  acquire: [
    { name: "acquire: no job is granted", call: "acquire-jobs", count: 1, effect: { kind: "hidden" } },
    { name: "acquire: it fails", call: "acquire-jobs", count: 1, effect: { kind: "answer", status: 503 } },
    { name: "acquire: its answer is lost", call: "acquire-jobs", count: 1, effect: { kind: "lost-answer" } },
    { name: "acquire: it hangs", call: "acquire-jobs", count: 1, effect: { kind: "hang" } },
  ],
  statistics: [
    {
      name: "statistics: too few jobs",
      call: ["get-message", "open-session", "refresh-session", "get-scale-set"],
      count: 1,
      effect: { kind: "statistics", off: { totalAssignedJobs: -1, totalRunningJobs: -1, totalBusyRunners: -1 } },
    },
    {
      name: "statistics: too many jobs",
      call: ["get-message", "open-session", "refresh-session", "get-scale-set"],
      count: 1,
      effect: { kind: "statistics", off: { totalAssignedJobs: 2, totalRunningJobs: 1, totalBusyRunners: 1 } },
    },
    {
      name: "statistics: one message late",
      call: ["get-message", "open-session", "refresh-session", "get-scale-set"],
      count: 2,
      effect: { kind: "statistics", late: true },
    },
  ],
  F9: [
    // Not acknowledged after all, so it comes again.
    {
      name: "F9 acknowledgement fails",
      call: "acknowledge-message",
      count: 1,
      effect: { kind: "answer", status: 500 },
    },
    {
      name: "F9 acknowledgement's answer is lost",
      call: "acknowledge-message",
      count: 1,
      effect: { kind: "lost-answer" },
    },
  ],
  F10: [
    {
      name: "F10 statistics null",
      call: "get-message",
      count: 1,
      effect: { kind: "patch", body: { statistics: null } },
    },
    {
      name: "F10 statistics zero",
      call: "get-message",
      count: 1,
      effect: { kind: "patch", body: { statistics: zeroStatistics } },
    },
  ],
  F12: [{ name: "F12 poison message", call: "get-message", count: 5, effect: { kind: "patch", body: { body: "[{" } } }],
  F13: [
    { name: "F13 poll hangs", call: "get-message", count: 1, effect: { kind: "hang" } },
    { name: "F13 call hangs", call: "generate-jit-config", count: 1, effect: { kind: "hang" } },
    { name: "F13 done, but hangs", call: "remove-runner", count: 1, effect: { kind: "hang", commit: true } },
  ],
  F14: [
    {
      name: "F14 unauthorised",
      call: "create-registration-token",
      count: 1,
      effect: { kind: "answer", status: 401, body: '{"message":"Bad credentials"}' },
    },
    {
      name: "F14 wait in seconds",
      call: "create-registration-token",
      count: 1,
      effect: { kind: "rate-limit", form: "seconds", ms: 30_000 },
    },
    {
      name: "F14 wait until a date",
      call: "register-runner",
      count: 1,
      effect: { kind: "rate-limit", form: "date", ms: 30_000 },
    },
    {
      name: "F14 wait for the reset",
      call: "create-registration-token",
      count: 1,
      effect: { kind: "rate-limit", form: "reset", ms: 60_000 },
    },
  ],
  F15: [{ name: "F15 JIT config lost", call: "generate-jit-config", count: 1, effect: { kind: "lost-answer" } }],
  F18: [
    {
      name: "F18 labels dropped",
      call: ["create-scale-set", "update-scale-set", "get-scale-set"],
      effect: { kind: "patch", body: { labels: [] } },
    },
  ],
} as const satisfies Record<string, readonly Fault[]>;
