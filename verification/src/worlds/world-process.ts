import type { Order } from "./block.js";
import { worldOf } from "./kinds.js";
import type { Broken } from "./watch/scene.js";
import { runWorld, type WorldReport } from "./world.js";

// Lives worlds for its parent, one after the other, until that lets go.
process.on("message", ({ seed, world, hours, ignore }: Order) => {
  runWorld(seed, { world, hours, ignore }).then(
    ({ chronicle: _chronicle, ...report }) => process.send?.(report),
    (error: unknown) => {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const broken: Broken = { invariant: "lived", message, atMs: 0, about: {} };
      const name = world ?? worldOf(seed);
      const report: WorldReport = {
        seed,
        world: name,
        broken,
        excerpt: [],
        tally: [],
        virtualMs: 0,
        jobs: 0,
        hash: "",
      };
      process.send?.(report);
    },
  );
});
