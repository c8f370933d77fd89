/** The tables that a canonical JPEG is written with: those of ITU-T T.81 Annex K, quantisation at quality 75. */

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ""), "hex"));

/** Natural position of each coefficient in zigzag order. */
export const ZIGZAG = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46,
  53, 60, 61, 54, 47, 55, 62, 63,
] as const;

/** K.1 and K.2, natural order. */
const LUMINANCE = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22,
  29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103,
  121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
const CHROMINANCE = [
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/** Quality 75 halves them, rounding as the Independent JPEG Group does. Zigzag order. */
const scaled = (table: readonly number[]) => Uint16Array.from(ZIGZAG, (n) => (table[n]! * 50 + 50) / 100);

export const QUANTISATION = [scaled(LUMINANCE), scaled(CHROMINANCE)] as const;

const AC_LUMINANCE = bytes(`
  0102030004110512 2131410613516107 227114328191a108 2342b1c11552d1f0 24336272 82090a16 1718191a25262728 292a3435
  3637383 9 3a434445464748 49 4a535455565758 59 5a636465666768 69 6a737475767778 79 7a838485868788 89 8a929394959697
  98999aa2a3a4a5a6 a7a8a9aab2b3b4b5 b6b7b8b9bac2c3c4 c5c6c7c8c9cad2d3 d4d5d6d7d8d9dae1 e2e3e4e5e6e7e8e9 eaf1f2f3f4f5f6f7
  f8f9fa`);
const AC_CHROMINANCE = bytes(`
  0001020311040521 3106124151076171 1322328108144291 a1b1c109233352f0 156272d10a162434 e125f11718191a26 2728292a35363738
  393a434445464748 494a535455565758 595a636465666768 696a737475767778 797a828384858687 88898a9293949596 9798999aa2a3a4a5
  a6a7a8a9aab2b3b4 b5b6b7b8b9bac2c3 c4c5c6c7c8c9cad2 d3d4d5d6d7d8d9da e2e3e4e5e6e7e8e9 eaf2f3f4f5f6f7f8 f9fa`);
const DC_VALUES = Uint8Array.from({ length: 12 }, (_, i) => i);

/** How many codes of each length, and their values: K.3 to K.6; luminance, then chrominance. */
export const CODES = [
  {
    dc: { counts: bytes("00010501010101010100000000000000"), values: DC_VALUES },
    ac: { counts: bytes("0002010303020403050504040000017d"), values: AC_LUMINANCE },
  },
  {
    dc: { counts: bytes("00030101010101010101010000000000"), values: DC_VALUES },
    ac: { counts: bytes("00020102040403040705040400010277"), values: AC_CHROMINANCE },
  },
] as const;
