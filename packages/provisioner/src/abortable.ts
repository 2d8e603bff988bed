/**
 * What a call answers, or the signal's reason if that comes first: a callee that ignores its signal holds nobody up.
 * What was under way goes on unheard.
 */
export async function abortable<Answer>(call: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  let give = (): void => {};
  const givenUp = new Promise<never>((_resolve, reject) => {
    give = () => reject(signal.reason);
    if (signal.aborted) give();
    else signal.addEventListener("abort", give, { once: true });
  });
  try {
    return await Promise.race([call, givenUp]);
  } finally {
    signal.removeEventListener("abort", give);
  }
}
