/** What a scale set brings to the division of a shared limit. */
export interface Claim {
  /** Places that it holds: its runners, and what its running poll announces. They can't be given to another now. */
  readonly held: number;
  /** Runners that jobs and its minimum ask for. */
  readonly wanted: number;
  /** Whether it uses all that it may: more jobs may wait for it at the service, which shows no more than was announced. */
  readonly full: boolean;
  /** Its own limit. */
  readonly max: number;
  /** Above 0: of two that want more, one of weight 2 gets twice as many. */
  readonly weight: number;
  /** Who has the lowest is next; see {@link PlaceTurns}. */
  readonly turn: number;
  /** Since when it has waited for a place, monotonic milliseconds; of equal turns the longest waiting is next. */
  readonly waitingSince: number;
}

/**
 * Divides a limit between the scale sets that share it: max-min fair by what each wants, weighted. Where a part is not a
 * whole number, the set with the lowest turn gets the place. What no set wants goes to the full ones first, then to all,
 * up to each set's own limit, so that a burst can be accepted at once.
 *
 * A place that is held stays with its holder: a set that has more than its part launches nothing, and the others get no
 * more than there is room for. So launching up to the shares never makes more than the total, unless more live already.
 */
export function fairShares(claims: readonly Claim[], total: number): number[] {
  const none = claims.map(() => 0);
  const wanted = fill(claims, none, total, ({ wanted, max }) => Math.min(wanted, max), byTurn);
  // In a fixed order: shares that no set wants must not move with every launch.
  const grown = fill(claims, wanted, total, ({ full, max }) => (full ? max : 0));
  const parts = fill(claims, grown, total, ({ max }) => max);
  const held = claims.map((claim) => claim.held);
  // Parts that others still occupy can't be handed out yet; what is wanted goes before what might be.
  const needed = fill(claims, held, total, (claim, index) => Math.min(claim.wanted, parts[index] ?? 0), byTurn);
  const granted = fill(claims, needed, total, (_, index) => parts[index] ?? 0);
  return parts.map((part, index) => Math.min(part, granted[index] ?? 0));
}

/** A claim in one filling: from its floor up to its level. */
interface Bowl {
  readonly index: number;
  readonly floor: number;
  readonly level: number;
  readonly claim: Claim;
}

type Order = (one: Bowl, other: Bowl) => number;

const byTurn: Order = ({ claim: one }, { claim: other }) =>
  one.turn - other.turn || one.waitingSince - other.waitingSince;

/** Raises the lowest shares, by weight, each up to its own level, until the total is reached. */
function fill(
  claims: readonly Claim[],
  floors: readonly number[],
  total: number,
  levelOf: (claim: Claim, index: number) => number,
  order?: Order,
): number[] {
  const bowls = claims.map((claim, index) => ({
    index,
    claim,
    floor: floors[index] ?? 0,
    level: levelOf(claim, index),
  }));
  let low = 0;
  let high = bowls.reduce((highest, { level, claim }) => Math.max(highest, level / claim.weight), 0);
  if (sumAt(bowls, high) <= total) return bowls.map((bowl) => partAt(bowl, high));
  for (let step = 0; step < HALVINGS; step++) {
    const middle = (low + high) / 2;
    if (sumAt(bowls, middle) <= total) low = middle;
    else high = middle;
  }
  const shares = bowls.map((bowl) => Math.floor(partAt(bowl, low) + ROUNDING));
  const next = bowls.filter((bowl) => partAt(bowl, high) > (shares[bowl.index] ?? 0) + ROUNDING);
  if (order !== undefined) next.sort(order);
  let left = total - shares.reduce((sum, share) => sum + share, 0);
  for (const { index } of next) {
    if (left <= 0) break;
    shares[index] = (shares[index] ?? 0) + 1;
    left -= 1;
  }
  return shares;
}

/** Not rounded: of a limit smaller than the number of sets each has a part, and the turns say which of them is next. */
function partAt({ floor, level, claim }: Bowl, water: number): number {
  return Math.max(floor, Math.min(level, water * claim.weight));
}

function sumAt(bowls: readonly Bowl[], water: number): number {
  let sum = 0;
  for (const bowl of bowls) sum += partAt(bowl, water);
  return sum;
}

/** Enough for the water to settle between two whole numbers of any share: 10,000 runners, weights from 0.01 to 1,000. */
const HALVINGS = 48;
/** A third of three is one. */
const ROUNDING = 1e-6;
