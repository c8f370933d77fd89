/** One scan of a JPEG into the coefficients of its components (ITU-T T.81, Annexes F and G). */
import type { HiddenBytes } from "../hidden-bytes.js";
import type { Component, Frame, Scan } from "./container.js";
import type { CodeTable } from "./huffman.js";
import { BitReader, wrongPicture } from "./huffman.js";

/** Reads or refines one block that begins at this index of the component's coefficients. */
type BlockReader = (bits: BitReader, values: Int16Array, at: number, own: ScanComponent) => void;

interface ScanComponent {
  component: Component;
  dc: CodeTable | undefined;
  ac: CodeTable | undefined;
  /** The last block's first coefficient. */
  before: number;
}

function need(table: CodeTable | undefined): CodeTable {
  if (table === undefined) throw wrongPicture("a table is missing");
  return table;
}

function difference(bits: BitReader, own: ScanComponent): number {
  const size = bits.symbol(need(own.dc));
  if (size > 11) throw wrongPicture("a value is out of range");
  own.before += bits.signed(size);
  if (Math.abs(own.before) > 2 ** 14) throw wrongPicture("a value is out of range");
  return own.before;
}

const sequential: BlockReader = (bits, values, at, own) => {
  values[at] = difference(bits, own);
  const ac = need(own.ac);
  for (let k = 1; k < 64; ) {
    const symbol = bits.symbol(ac);
    const [run, size] = [symbol >> 4, symbol & 15];
    if (size === 0) {
      if (run < 15) return;
      k += 16;
      continue;
    }
    k += run;
    if (k > 63 || size > 10) throw wrongPicture("a value is out of range");
    values[at + k++] = bits.signed(size);
  }
};

/** The readers of a progressive scan share a count of blocks that hold nothing more. */
class Progressive {
  private empty = 0;
  constructor(private readonly scan: Scan) {}

  restart(): void {
    this.empty = 0;
  }

  reader(): BlockReader {
    const { start, high } = this.scan;
    if (start === 0) return high === 0 ? this.dcFirst : this.dcRefine;
    return high === 0 ? this.acFirst : this.acRefine;
  }

  private readonly dcFirst: BlockReader = (bits, values, at, own) => {
    values[at] = difference(bits, own) << this.scan.low;
  };

  private readonly dcRefine: BlockReader = (bits, values, at) => {
    values[at]! |= bits.bit() << this.scan.low;
  };

  private readonly acFirst: BlockReader = (bits, values, at, own) => {
    if (this.empty > 0) {
      this.empty--;
      return;
    }
    const ac = need(own.ac);
    for (let k = this.scan.start; k <= this.scan.end; ) {
      const symbol = bits.symbol(ac);
      const [run, size] = [symbol >> 4, symbol & 15];
      if (size === 0 && run < 15) {
        this.empty = (1 << run) - 1 + bits.bits(run);
        return;
      }
      k += run;
      if (size === 0) {
        k++;
        continue;
      }
      if (k > this.scan.end || size > 10) throw wrongPicture("a value is out of range");
      values[at + k++] = bits.signed(size) << this.scan.low;
    }
  };

  /** One more bit for a value that is known already. */
  private refine(bits: BitReader, values: Int16Array, at: number): void {
    const step = 1 << this.scan.low;
    if (bits.bit() === 1 && (values[at]! & step) === 0) values[at]! += values[at]! > 0 ? step : -step;
  }

  private readonly acRefine: BlockReader = (bits, values, at, own) => {
    const { start, end, low } = this.scan;
    let k = start;
    if (this.empty === 0) {
      const ac = need(own.ac);
      while (k <= end) {
        const symbol = bits.symbol(ac);
        let run = symbol >> 4;
        const size = symbol & 15;
        if (size > 1) throw wrongPicture("a value is out of range");
        if (size === 0 && run < 15) {
          this.empty = (1 << run) + bits.bits(run);
          break;
        }
        const value = size === 0 ? 0 : (bits.bit() === 1 ? 1 : -1) << low;
        for (; k <= end; k++) {
          if (values[at + k] !== 0) this.refine(bits, values, at + k);
          else if (run-- === 0) break;
        }
        if (value !== 0 && k > end) throw wrongPicture("a value is out of range");
        if (value !== 0) values[at + k] = value;
        k++;
      }
    }
    if (this.empty === 0) return;
    for (; k <= end; k++) if (values[at + k] !== 0) this.refine(bits, values, at + k);
    this.empty--;
  };
}

function checkScan(scan: Scan, frame: Frame): void {
  const { start, end, high, low, components } = scan;
  const legal = frame.progressive
    ? end <= 63 &&
      low <= 13 &&
      (high === 0 || high === low + 1) &&
      (start === 0 ? end === 0 : start <= end && components.length === 1)
    : start === 0 && end === 63 && high === 0 && low === 0;
  if (!legal) throw wrongPicture("a scan's header is not valid");
}

/** The places of blocks in the order in which a scan codes them, a unit of coding at a time. */
function* units(scan: Scan, frame: Frame): Generator<[ScanComponent, number][]> {
  const owns = scan.components.map((c) => ({ ...c, before: 0 }));
  if (owns.length === 1) {
    const own = owns[0]!;
    const { ownAcross, ownDown, across } = own.component;
    for (let y = 0; y < ownDown; y++)
      for (let x = 0; x < ownAcross; x++) yield [[own, (y * across + x) * 64]];
    return;
  }
  for (let y = 0; y < frame.unitsDown; y++) {
    for (let x = 0; x < frame.unitsAcross; x++) {
      yield owns.flatMap((own) => {
        const { h, v, across } = own.component;
        return Array.from({ length: h * v }, (_, i): [ScanComponent, number] => [
          own,
          ((y * v + Math.floor(i / h)) * across + x * h + (i % h)) * 64,
        ]);
      });
    }
  }
}

export function readScan(scan: Scan, frame: Frame, hidden: HiddenBytes): void {
  checkScan(scan, frame);
  const progressive = new Progressive(scan);
  const read = frame.progressive ? progressive.reader() : sequential;
  let stretch = 0;
  let bits = new BitReader(scan.stretches[0]!);
  let done = 0;
  const left = () => hidden.add("outside", "in the image data", bits.rest());
  for (const unit of units(scan, frame)) {
    if (scan.restart > 0 && done > 0 && done % scan.restart === 0) {
      left();
      const next = scan.stretches[++stretch];
      if (next === undefined) throw wrongPicture("its image data is too short");
      bits = new BitReader(next);
      progressive.restart();
      for (const [own] of unit) own.before = 0;
    }
    for (const [own, at] of unit) read(bits, own.component.coefficients, at, own);
    done++;
  }
  left();
  if (stretch !== scan.stretches.length - 1) throw wrongPicture("its image data goes on after the picture");
}
