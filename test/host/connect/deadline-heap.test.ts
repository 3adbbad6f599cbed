import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DeadlineHeap, type HeapItem } from '../../../host/connect/router/deadline-heap.ts';

const step = fc.record({
  what: fc.constantFrom('add', 'add', 'remove', 'move', 'take'),
  which: fc.nat(),
  deadlineMs: fc.integer({ min: 0, max: 50 }),
});

test('the earliest is always on top, whatever is added, taken out or moved', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const heap = new DeadlineHeap<HeapItem>();
      const model = new Set<HeapItem>();
      for (const { what, which, deadlineMs } of steps) {
        const chosen = [...model][which % Math.max(1, model.size)];
        if (what === 'add') {
          const item = { deadlineMs, heapIndex: -1 };
          heap.add(item);
          model.add(item);
        } else if (what === 'take') {
          const earliest = heap.earliest();
          if (earliest !== undefined) heap.remove(earliest);
          if (earliest !== undefined) model.delete(earliest);
        } else if (chosen !== undefined && what === 'remove') {
          heap.remove(chosen);
          heap.remove(chosen);
          model.delete(chosen);
        } else if (chosen !== undefined) {
          heap.move(chosen, deadlineMs);
        }
        const least = Math.min(...[...model].map((item) => item.deadlineMs));
        assert.equal(heap.size, model.size);
        assert.equal(heap.earliest()?.deadlineMs ?? Number.POSITIVE_INFINITY, least);
      }
    }),
    { numRuns: 300 },
  );
});
