/** What a scale set brings to the division of a shared limit. */
export interface Claim {
  /** Runners that it has; they can't be taken away. */
  readonly live: number;
  /** Runners that jobs and its minimum ask for. */
  readonly wanted: number;
  /** Whether it uses all that it may: more jobs may wait for it at the service, which shows no more than was announced. */
  readonly full: boolean;
  /** Its own limit. */
  readonly max: number;
  /** Above 0: of two that want more, one of weight 2 gets twice as many. */
  readonly weight: number;
  /** Since when it has wanted more than it had, monotonic milliseconds; of equals the longest waiting goes first. */
  readonly waitingSince: number;
}

/**
 * Divides the runners of a process between its scale sets: max-min fair by what each wants, weighted. What nobody wants
 * goes to the full ones first, then to all, up to each set's own limit, so that whoever wants more next may have it at
 * once.
 *
 * Runners that live are counted where they are: a set that has more than its part launches nothing, and its share is
 * that part; the others get no more than there is room for. So whatever the shares, launching up to them never makes
 * more than the total. A share of 0 is possible where there are more sets than runners: a poll announces 1 all the same,
 * and a job that comes of it waits here for its turn.
 */
export function fairShares(claims: readonly Claim[], total: number): number[] {
  const none = claims.map(() => 0);
  const wanted = fill(claims, none, total, ({ wanted, max }) => Math.min(wanted, max));
  const grown = fill(claims, wanted, total, ({ full, max }) => (full ? max : 0));
  const parts = fill(claims, grown, total, ({ max }) => max);
  const live = claims.map((claim) => claim.live);
  // Parts that others still occupy can't be handed out yet; what is wanted goes before what might be.
  const needed = fill(claims, live, total, (claim, index) => Math.min(claim.wanted, parts[index] ?? 0));
  const granted = fill(claims, needed, total, (_, index) => parts[index] ?? 0);
  return parts.map((part, index) => Math.min(part, granted[index] ?? 0));
}

/** Raises the lowest shares, by weight, each up to its own level, until the total is reached. */
function fill(
  claims: readonly Claim[],
  floors: readonly number[],
  total: number,
  levelOf: (claim: Claim, index: number) => number,
): number[] {
  const sharesAt = (water: number): number[] =>
    claims.map((claim, index) =>
      Math.max(floors[index] ?? 0, Math.min(levelOf(claim, index), Math.floor(water * claim.weight + ROUNDING))),
    );
  let low = 0;
  let high = claims.reduce((highest, claim, index) => Math.max(highest, levelOf(claim, index) / claim.weight), 0);
  if (sum(sharesAt(high)) <= total) return sharesAt(high);
  for (let step = 0; step < HALVINGS; step++) {
    const middle = (low + high) / 2;
    if (sum(sharesAt(middle)) <= total) low = middle;
    else high = middle;
  }
  const shares = sharesAt(low);
  // Those that the next drop of water would raise, all at the same level: who has waited longest goes first.
  const next = sharesAt(high)
    .map((share, index) => ({ index, more: share - (shares[index] ?? 0), since: claims[index]?.waitingSince ?? 0 }))
    .filter(({ more }) => more > 0)
    .sort((a, b) => a.since - b.since);
  let left = total - sum(shares);
  for (const { index } of next) {
    if (left <= 0) break;
    shares[index] = (shares[index] ?? 0) + 1;
    left -= 1;
  }
  return shares;
}

/** Enough for the water to stand between two whole numbers of any share. */
const HALVINGS = 64;
/** A third of three is one. */
const ROUNDING = 1e-9;

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
