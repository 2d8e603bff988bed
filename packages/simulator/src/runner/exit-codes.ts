/** Exit codes of the official listener, before its wrapper script changes them. */
export const exitCodes = { success: 0, terminated: 1, retryable: 2, sessionConflict: 5, versionDeprecated: 7 } as const;

/**
 * What the wrapper script makes of the listener's exit code: 7 goes through if the environment asks for it, and every
 * other one becomes 0, so that a code of 0 proves nothing (protocol.md §5).
 */
export function scriptExitCode(
  code: number,
  { returnVersionDeprecated }: { readonly returnVersionDeprecated: boolean },
): number {
  return code === exitCodes.versionDeprecated && returnVersionDeprecated ? code : 0;
}
