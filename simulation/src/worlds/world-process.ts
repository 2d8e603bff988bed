import type { Order } from "./block.js";
import { runWorld } from "./world.js";

// Lives worlds for its parent, one after the other, until that lets go.
process.on("message", ({ seed, world, hours }: Order) => {
  runWorld(seed, { ...(world !== undefined && { world }), ...(hours !== undefined && { hours }) }).then(
    ({ chronicle: _chronicle, ...report }) => process.send?.(report),
    (error: unknown) => {
      console.error(`seed ${seed} could not be lived:`, error);
      process.exit(1);
    },
  );
});
