/** The version of this package, as programs tell it to people and to each other: `vm-connectd 2.0.0`. */
import manifest from '../package.json' with { type: 'json' };

export const VERSION: string = manifest.version;
