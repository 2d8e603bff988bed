import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { BackendError } from "@scaleset/provisioner";
import { toBackendError } from "./failures.js";

/** How much of a runner's output is kept at least. Twice that and one batch of reads is what it can take on disk. */
const KEPT_OUTPUT_BYTES = 65_536;

/** Of what a shim that fails says about it. */
const MAX_COMPLAINT = 1_024;

/**
 * The process between the daemon and a runner: it leads a session of its own, outlives the daemon, and leaves the files
 * that tell the next daemon what became of the runner. Arguments: the instance's folder, then the command.
 *
 * - It writes into files that were made with the instance, without emptying them first: their room is there when the
 *   disk is full. What follows the first lines is blank.
 * - It says which process it is by a hard link, which is made whole and once: of a shim that comes late and a daemon
 *   that has given it up already (`forbid` in instance-folder.ts), one wins.
 * - The JIT config comes through standard input, not in its environment or arguments; it is an unexported variable here,
 *   and exported in the one child that becomes the runner. Half a line means that the daemon died writing it.
 * - It catches SIGTERM, so that the whole session can be asked to end and the exit code is still written. A caught
 *   signal, unlike an ignored one, has its default effect in children again.
 * - Output goes through `dd`, which passes on at once what it reads, in batches that bound how far the file grows before
 *   it is set aside. When it can't be written any more, it is read on and dropped: a full disk must not stop a job.
 */
const SCRIPT = `
unset _scaleset_jit _scaleset_folder _scaleset_path _scaleset_started _scaleset_boot _scaleset_code _scaleset_size _scaleset_now
_scaleset_folder=$1
shift
_scaleset_path=$PATH
PATH=$PATH:/usr/bin:/bin
put() { printf '%s\\n' "$2" 1<>"$_scaleset_folder/$1.new" && mv -f "$_scaleset_folder/$1.new" "$_scaleset_folder/$1"; }
trap '' PIPE
if [ -r "/proc/$$/stat" ]; then
  read -r _scaleset_started <"/proc/$$/stat"
  read -r _scaleset_boot </proc/sys/kernel/random/boot_id
else
  _scaleset_started=$(LC_ALL=C TZ=UTC ps -o lstart= -p $$)
  _scaleset_boot=$(/usr/sbin/sysctl -n kern.bootsessionuuid)
fi
printf '%s\\n' "$$" "$_scaleset_started" "$_scaleset_boot" 1<>"$_scaleset_folder/process.new" || exit 1
ln "$_scaleset_folder/process.new" "$_scaleset_folder/process" || exit 1
IFS= read -r _scaleset_jit || {
  put exit '- the daemon ended before it handed over the JIT config'
  exit 1
}
cd "$_scaleset_folder/work" || {
  put exit '- its work folder is missing'
  exit 1
}
echo ready
exec </dev/null >/dev/null 2>&1
keep() {
  trap '' TERM INT HUP
  cd "$_scaleset_folder/output" || exec cat
  _scaleset_size=0
  while :; do
    dd bs=16384 count=16 >>log || break
    _scaleset_now=$(wc -c <log) || break
    [ "$_scaleset_now" -gt "$_scaleset_size" ] || break
    _scaleset_size=$_scaleset_now
    if [ "$_scaleset_size" -gt ${KEPT_OUTPUT_BYTES} ]; then
      mv -f log log.old || break
      _scaleset_size=0
    fi
  done
  exec cat
}
trap : TERM INT HUP
{
  trap : TERM INT HUP
  (
    trap - PIPE
    PATH=$_scaleset_path
    ACTIONS_RUNNER_INPUT_JITCONFIG=$_scaleset_jit
    export ACTIONS_RUNNER_INPUT_JITCONFIG
    exec "$@"
  ) 2>&1
  _scaleset_code=$?
  put exit "$_scaleset_code" >/dev/null
} | keep >/dev/null
`;

export interface ShimOrders {
  /** The instance's folder. */
  readonly folder: string;
  readonly command: readonly string[];
  /** The runner's whole environment, but for the JIT config. */
  readonly env: Readonly<Record<string, string>>;
  readonly jitConfig: string;
}

/**
 * Starts a shim and hands it the JIT config. Resolves when it has taken it: from then on the runner runs, whatever
 * becomes of us. `onExit` is told when the shim ends, if we still live then.
 */
export async function launchShim(orders: ShimOrders, signal: AbortSignal, onExit: () => void): Promise<ChildProcess> {
  const args = ["-c", SCRIPT, "scaleset-instance", orders.folder, ...orders.command];
  const child = spawn("/bin/sh", args, {
    cwd: orders.folder,
    env: orders.env,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.once("exit", onExit);
  if (child.pid === undefined) throw await spawnFailure(child);
  try {
    await handOver(child, orders.jitConfig, signal);
  } finally {
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.destroy();
    child.unref();
  }
  return child;
}

/** Of a child that never was, which may have no pipes either. Its error event always comes. */
function spawnFailure(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => child.once("error", (error) => resolve(toBackendError(error, "starting the shim"))));
}

function handOver(child: ChildProcessWithoutNullStreams, jitConfig: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    let complaint = "";
    const settle = (outcome: () => void): void => {
      signal.removeEventListener("abort", onAbort);
      outcome();
    };
    const onAbort = (): void => settle(() => reject(signal.reason));
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    // Kept for the child's whole life: an error event that nobody hears would end the daemon.
    child.on("error", (error) => settle(() => reject(toBackendError(error, "starting the shim"))));
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.on("error", () => {});
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("ready\n")) settle(resolve);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (complaint.length < MAX_COMPLAINT) complaint += text;
    });
    child.once("close", (code) => {
      const why = complaint.slice(0, MAX_COMPLAINT).trim() || `it exited with ${code}`;
      const kind = /no space left|quota exceeded/i.test(why) ? "capacity" : "transient";
      settle(() => reject(new BackendError(kind, `the shim ended before it took the JIT config: ${why}`)));
    });
    child.stdin.end(`${jitConfig}\n`);
  });
}
