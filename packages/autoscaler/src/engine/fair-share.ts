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
 * more than the total, unless more live already: see {@link roomBeside}. A share of 0 is possible where there are more sets than runners: a poll announces 1 all the same,
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

/**
 * How many runners each may have beside what the others have at this moment. It matters where more than the total live
 * (a set that stood by comes back to its own, or the total was lowered): a runner that ends then makes no room.
 */
export function roomBeside(claims: readonly Claim[], total: number): number[] {
  const all = claims.reduce((sum, { live }) => sum + live, 0);
  return claims.map(({ live }) => Math.max(0, total - (all - live)));
}

/** Raises the lowest shares, by weight, each up to its own level, until the total is reached. */
function fill(
  claims: readonly Claim[],
  floors: readonly number[],
  total: number,
  levelOf: (claim: Claim, index: number) => number,
): number[] {
  const bowls = claims.map((claim, index) => ({
    floor: floors[index] ?? 0,
    level: levelOf(claim, index),
    weight: claim.weight,
    since: claim.waitingSince,
  }));
  let low = 0;
  let high = bowls.reduce((highest, { level, weight }) => Math.max(highest, level / weight), 0);
  if (sumAt(bowls, high) <= total) return bowls.map((bowl) => shareAt(bowl, high));
  for (let step = 0; step < HALVINGS; step++) {
    const middle = (low + high) / 2;
    if (sumAt(bowls, middle) <= total) low = middle;
    else high = middle;
  }
  const shares = bowls.map((bowl) => shareAt(bowl, low));
  // Those that the next drop of water would raise, all at the same level: who has waited longest goes first.
  const next = bowls
    .map((bowl, index) => ({ index, since: bowl.since, more: shareAt(bowl, high) - shareAt(bowl, low) }))
    .filter(({ more }) => more > 0)
    .sort((one, other) => one.since - other.since);
  let left = total - sumAt(bowls, low);
  for (const { index } of next) {
    if (left <= 0) break;
    shares[index] = (shares[index] ?? 0) + 1;
    left -= 1;
  }
  return shares;
}

interface Bowl {
  readonly floor: number;
  readonly level: number;
  readonly weight: number;
}

function shareAt({ floor, level, weight }: Bowl, water: number): number {
  return Math.max(floor, Math.min(level, Math.floor(water * weight + ROUNDING)));
}

/** Without making anything: this is looked at again and again. */
function sumAt(bowls: readonly Bowl[], water: number): number {
  let sum = 0;
  for (const bowl of bowls) sum += shareAt(bowl, water);
  return sum;
}

/** Enough for the water to stand between two whole numbers of any share: 10,000 runners, weights from 0.01 to 1,000. */
const HALVINGS = 48;
/** A third of three is one. */
const ROUNDING = 1e-9;
