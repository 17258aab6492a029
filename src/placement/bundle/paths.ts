/** Where a container has the volume that caches are on. */
export const MOUNT = "/hypernodes";

/** Where `npmInstall` puts packages. */
export const PACKAGES = "/opt/hypernodes";

/** The folder of the container's own that code runs in. Modules in it find the packages that are in it, and those in `PACKAGES`. */
export const SCRATCH = `${PACKAGES}/run`;
