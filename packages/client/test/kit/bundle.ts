import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

/** As it is built: what users bundle. */
const INDEX = fileURLToPath(new URL("../../dist/index.js", import.meta.url));

export interface Bundle {
  /** What every program that uses it loads; parts that are loaded later are left out. */
  readonly code: string;
  /** Paths of what the whole bundle is made of, also of what is loaded later. */
  readonly modules: readonly string[];
}

/** Bundles, minified, a program whose only line is `source`; it imports from `@scaleset/client`. */
export async function bundle(source: string, external: readonly string[] = []): Promise<Bundle> {
  const build = await rolldown({
    input: "entry",
    platform: "node",
    external: [...external],
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === "entry" ? "entry" : id === "@scaleset/client" ? INDEX : undefined),
        load: (id) => (id === "entry" ? source : undefined),
      },
    ],
  });
  try {
    const { output } = await build.generate({ minify: true });
    const chunks = output.flatMap((part) => (part.type === "chunk" ? [part] : []));
    const entry = chunks.find(({ isEntry }) => isEntry);
    if (entry === undefined) throw new Error("there is no entry");
    const modules = chunks.flatMap(({ modules: parts }) =>
      Object.entries(parts).flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? [id] : [])),
    );
    return { code: entry.code, modules };
  } finally {
    await build.close();
  }
}
