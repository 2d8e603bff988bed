import type { Clock } from "../../clock.js";

/**
 * What the suite has instances run in place of the actions runner. It takes its orders from its JIT config, the one
 * thing that reaches every instance on every backend: `contract.PADDING.MODE.ARGUMENT`.
 */
export type RunnerOrder =
  /** Exits at once with this code. */
  | { readonly mode: "exit"; readonly code: number }
  /** Ends by a signal that nothing can catch. */
  | { readonly mode: "die" }
  /** Works until it is asked to end, and exits 0. */
  | { readonly mode: "work" }
  /** Prints `line 1` to `line COUNT`, then works. */
  | { readonly mode: "print"; readonly lines: number }
  /** Asked to end, it says so and needs this many seconds. */
  | { readonly mode: "slow"; readonly seconds: number }
  /** Does not end by being asked. */
  | { readonly mode: "stubborn" };

/** The first thing that each runner prints; so that runners can be counted. */
export const STARTED = "contract runner started";
/** What a `slow` runner prints when it is asked to end. */
export const ASKED_TO_END = "contract runner asked to end";

/** The orders as a JIT config; `padding` must be free of dots, and makes it as long as wanted and easy to find. */
export function jitConfigFor(order: RunnerOrder, padding: string): string {
  const argument =
    order.mode === "exit"
      ? order.code
      : order.mode === "print"
        ? order.lines
        : order.mode === "slow"
          ? order.seconds
          : 0;
  return `contract.${padding}.${order.mode}.${argument}`;
}

/**
 * The runner as a POSIX shell script: give it to a backend in place of `run.sh`, for example as the command
 * `["sh", "-c", contractRunnerScript]`. It wants its JIT config where the actions runner takes it, in
 * `ACTIONS_RUNNER_INPUT_JITCONFIG`.
 */
export const contractRunnerScript = `jit=$ACTIONS_RUNNER_INPUT_JITCONFIG
unset ACTIONS_RUNNER_INPUT_JITCONFIG
set -f
IFS=.
set -- $jit
IFS=' '
case $3 in
  work | print) trap 'exit 0' TERM INT ;;
  slow) trap 'echo "${ASKED_TO_END}"; sleep "$4"; exit 0' TERM INT ;;
  stubborn) trap '' TERM INT ;;
esac
echo "${STARTED}, given \${#jit} characters"
case $3 in
  exit) exit "$4" ;;
  die) kill -KILL $$ ;;
  print)
    line=0
    while [ "$line" -lt "$4" ]; do line=$((line + 1)); echo "line $line"; done ;;
esac
while :; do sleep 1 & wait $!; done
`;

/** The same runner for backends that have no processes: what `new MemoryHost({ onStart })` wants. */
export function playContractRunner(
  clock: Clock,
): (
  name: string,
  jitConfig: string,
  run: { readonly signal: AbortSignal; readonly killed: AbortSignal; print(text: string): void },
) => Promise<number> {
  return async (_name, jitConfig, { signal, killed, print }) => {
    print(`${STARTED}, given ${jitConfig.length} characters\n`);
    const [, , mode, argument] = jitConfig.split(".");
    const amount = Number(argument);
    switch (mode) {
      case "exit":
        return amount;
      case "die":
        return 137;
      case "print":
        for (let line = 1; line <= amount; line += 1) print(`line ${line}\n`);
        await aborted(signal, killed);
        return 0;
      case "work":
        await aborted(signal, killed);
        return 0;
      case "slow":
        await aborted(signal, killed);
        print(`${ASKED_TO_END}\n`);
        await clock.sleep(amount * 1000, { signal: killed }).catch(() => {});
        return 0;
      case "stubborn":
        await aborted(killed);
        return 137;
      default:
        return 64;
    }
  };
}

function aborted(...signals: AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    }
  });
}
