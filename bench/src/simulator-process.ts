import { createSimulator } from "@scaleset/simulator";

/** Run as a process: a simulator over HTTP, which tells its memory and its counts whenever it is asked. */
const simulator = createSimulator();
const { url } = await simulator.listen();

process.on("message", () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const { succeeded, open, leaked } = simulator.summary();
  const polling = simulator.state().scaleSets.filter(({ session }) => session?.polling).length;
  process.send?.({ bytes: heapUsed + external, rss, succeeded, open, leaked, polling });
});
process.on("disconnect", () => process.exit(0));
process.send?.({ url });
