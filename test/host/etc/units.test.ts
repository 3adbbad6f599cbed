/** Laws of the host's units: systemd runs them by itself, or for Pacemaker as resources of the class systemd. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const FOLDER = join(import.meta.dirname, '../../../host/etc');
const UNITS = readdirSync(FOLDER).filter((name) => name.endsWith('.service'));

/** The values of a setting that is a list, over all its lines. */
function listOf(unit: string, setting: string): readonly string[] {
  return readFileSync(join(FOLDER, unit), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(`${setting}=`))
    .flatMap((line) => line.slice(setting.length + 1).split(/\s+/));
}

describe("the host's units", () => {
  it('are there for each daemon', () => {
    assert.deepEqual(UNITS.toSorted(), ['vm-connectd.service', 'vm-managerd.service', 'vm-stonithd.service']);
  });

  // Pacemaker starts a resource of this class under a drop-in of its own: Before=pacemaker.service pacemaker_remote.service.
  for (const unit of UNITS) {
    it(`${unit} as a resource is in no cycle of ordering with the cluster that runs it`, () => {
      for (const setting of ['After', 'Requires', 'BindsTo', 'PartOf'])
        assert.deepEqual(
          listOf(unit, setting).filter((name) => name.startsWith('pacemaker')),
          [],
          setting,
        );
    });
  }
});
