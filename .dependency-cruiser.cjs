/** Which module may import which: the arrows of ARCHITECTURE.md. Type-only imports count too. */

const autoscaler = "^packages/autoscaler/src/";

/** Modules of `from` may import, inside the autoscaler, only modules of `to`. */
const only = (name, from, to, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: `${autoscaler}${from}`, pathNot: "\\.test\\.ts$" },
  to: { path: autoscaler, pathNot: `${autoscaler}(?:${[from, "async/", ...to].join("|")})` },
});

module.exports = {
  forbidden: [
    {
      name: "no-cycle",
      comment: "Two files that need each other are one file, or lack a third below both",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "client-stands-alone",
      severity: "error",
      from: { path: "^packages/client/src/" },
      to: { path: "^packages/(?!client/)" },
    },
    {
      name: "simulator-stands-alone",
      comment: "A reading of the protocol of its own, so that one wrong field name can't hide on both sides",
      severity: "error",
      from: { path: "^packages/simulator/src/" },
      to: { path: "^packages/(?!simulator/)" },
    },
    {
      name: "simulator-only-for-its-commands",
      comment: "Nobody who runs a daemon loads a simulator",
      severity: "error",
      from: { path: autoscaler, pathNot: `(?:\\.test\\.ts$|${autoscaler}demo/)` },
      to: { path: "^packages/simulator/" },
    },
    {
      name: "core-is-pure",
      comment: "No clock, no chance, no input or output, no client: what the core knows came in an event",
      severity: "error",
      from: { path: `${autoscaler}core/`, pathNot: "\\.test\\.ts$" },
      to: { pathNot: `${autoscaler}core/` },
    },
    only("ports-know-the-core", "ports/", ["core/"], "A port that imports its adapter is no port"),
    only("engine", "engine/", ["core/", "ports/"], "The engine meets the world through ports"),
    only(
      "status",
      "status/",
      ["core/", "engine/", "config/redact\\.ts"],
      "A snapshot is read, and never changes what it tells of",
    ),
    only("service", "service/", ["core/", "ports/"], "The client's adapter knows its port"),
    only("provisioners", "provisioners/", [], "Finding a provisioner knows nothing of what uses it"),
    only("state", "state/", ["ports/"], "What a daemon keeps on disk knows nothing of what it does"),
    only("config", "config/", ["core/", "ports/", "provisioners/registry\\.ts"], "Reading a file starts nothing"),
    {
      name: "provisioner-stands-alone",
      comment: "What an author of a backend installs depends on nothing of ours",
      severity: "error",
      from: { path: "^packages/provisioner/src/" },
      to: { path: "^packages/(?!provisioner/)" },
    },
    {
      name: "backends-know-the-contract",
      comment: "A backend knows what any third party's knows",
      severity: "error",
      from: { path: "^packages/(process|docker)/src/", pathNot: "\\.test\\.ts$" },
      to: { path: "^packages/", pathNot: "^packages/(?:$1/|provisioner/src/(?!testing/))" },
    },
    {
      name: "process-only-through-its-index",
      severity: "error",
      from: { path: autoscaler, pathNot: "\\.test\\.ts$" },
      to: { path: "^packages/process/src/(?!index\\.ts)" },
    },
    {
      name: "nobody-needs-docker",
      comment: "Its client library is heavy: who does not name it in a config must not load it",
      severity: "error",
      from: { path: "^packages/(?!docker/)" },
      to: { path: "^packages/docker/" },
    },
    {
      name: "client-wire-is-below",
      comment: "Decoding knows shapes and errors; not who asked",
      severity: "error",
      from: { path: "^packages/client/src/wire/" },
      to: { path: "^packages/client/src/(?:auth|http|service|session|listener|client\\.ts)" },
    },
    {
      name: "client-http-is-below",
      severity: "error",
      from: { path: "^packages/client/src/http/" },
      to: { path: "^packages/client/src/(?:service|session|listener|client\\.ts)" },
    },
    {
      name: "simulator-rules-know-no-http",
      severity: "error",
      from: { path: "^packages/simulator/src/(?:service|journal|time)/" },
      to: { path: "^packages/simulator/src/(?:http|gate|faults|runner|cli/|simulator\\.ts)" },
    },
    {
      name: "no-tests-in-sources",
      severity: "error",
      from: { path: "^packages/[^/]+/src/", pathNot: "\\.test\\.ts$" },
      to: { path: "(?:\\.test\\.ts$|^packages/[^/]+/test/|^verification/|^examples/)" },
    },
    {
      name: "resolvable",
      comment: "An import that leads nowhere would hide from every rule above",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(?:^|/)dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.imports.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["types", "import", "default"],
      extensions: [".ts", ".d.ts", ".js"],
    },
  },
};
