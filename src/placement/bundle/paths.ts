/** The mount point of the volume with the caches in a container. */
export const MOUNT = "/hypernodes";

/** The folder into which `npmInstall` installs packages. */
export const PACKAGES = "/opt/hypernodes";

/**
 * The folder of the container's own that code runs in. Modules in it find the packages that are in it, and those in `PACKAGES`.
 */
export const SCRATCH = `${PACKAGES}/run`;

/** The file of a bundle that has the files which its modules read. */
export const FILES = "files.json";

/** The folder of a bundle in which modules find files as in the project: `import.meta.url` is there. */
export const PROJECT = "project";
