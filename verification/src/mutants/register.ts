import { register } from "node:module";

// `node --import …/register.js`: every module that is loaded from here on goes through the mutants' loader.
register("./loader.js", import.meta.url);
