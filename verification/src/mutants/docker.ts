import { type Mutant, mutantsOf } from "./mutant.js";

const docker = mutantsOf({
  folder: "packages/docker/src/",
  tests: ["packages/docker/test"],
  worlds: { none: "worlds have a backend of their own" },
});

/** Of the Docker backend. */
export const dockerMutants: readonly Mutant[] = [
  docker(
    "docker: found by the beginning of an id",
    "runner-containers.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source's text
    "return container.Name === `/${name}` ? container : undefined;",
    "return container;",
  ),
  docker(
    "docker: a failed kill is forgiven",
    "runner-containers.ts",
    "if (!isStatus(error, 404) && !isStatus(error, 409)) throw error;",
    "if (!isStatus(error, 404) && !isStatus(error, 409) && !isStatus(error, 500)) throw error;",
  ),
];
