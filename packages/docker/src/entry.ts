import { JIT_FOLDER, JIT_VARIABLE } from "./jit-place.js";

/** Only the runner's user may enter it. */
export const JIT_PRIVATE_FOLDER = `${JIT_FOLDER}/jit`;
export const JIT_FILE = `${JIT_PRIVATE_FOLDER}/config`;
/** Tells a command where the file is, where it reads that itself. */
export const JIT_FILE_VARIABLE = "SCALESET_JIT_CONFIG_FILE";

/** What the entry exits with when there is nothing to run; unlike any code of the runner. */
export const ENTRY_FAILED = 78;

/**
 * The first program of a container: takes the JIT config from its file, removes that, and becomes the command, which
 * alone has it in its environment. The folder that it makes keeps a container that is started a second time, by whoever,
 * from running a second runner.
 */
export const ENTRY = `
fail() {
  echo "scaleset: $1" >&2
  exit ${ENTRY_FAILED}
}
mkdir ${JIT_PRIVATE_FOLDER}/started 2>/dev/null || fail "no JIT config was handed over, or this container was started before: a runner runs once"
IFS= read -r _scaleset_jit <${JIT_FILE} || fail "the JIT config in ${JIT_FILE} can't be read by user $(id -u 2>/dev/null)"
rm -f ${JIT_FILE}
[ ! -e ${JIT_FILE} ] || fail "the JIT config in ${JIT_FILE} can't be removed by user $(id -u 2>/dev/null)"
${JIT_VARIABLE}=$_scaleset_jit
export ${JIT_VARIABLE}
unset _scaleset_jit
unset -f fail
exec "$@"
`;

/** What runs in a container made from the official image. */
export const DEFAULT_COMMAND: readonly string[] = ["/home/runner/run.sh"];
