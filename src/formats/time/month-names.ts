/** First letters of the months in English, German, French, Spanish, Italian, Portuguese, Dutch, and the Nordic languages. */
const months = [
  ['JAN', 'ENE', 'GEN'],
  ['FEB', 'FEV'],
  ['MAR', 'MRZ', 'MAE', 'MRT', 'MAA'],
  ['APR', 'AVR', 'ABR'],
  ['MAY', 'MAI', 'MEI', 'MAJ', 'MAG'],
  ['JUN', 'JUIN', 'GIU'],
  ['JUL', 'JUIL', 'LUG'],
  ['AUG', 'AGO', 'AOU'],
  ['SEP', 'SET'],
  ['OCT', 'OKT', 'OUT', 'OTT'],
  ['NOV'],
  ['DEC', 'DEZ', 'DIC', 'DES'],
];

/** The number of a month from 1 by its name or an abbreviation, without regard to case and accents; NaN if it is unknown. */
export function monthOf(text: string): number {
  const name = text.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase();
  const found = months.findIndex((names) => names.some((start) => name.startsWith(start)));
  return found < 0 ? NaN : found + 1;
}
