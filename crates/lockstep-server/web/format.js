// Times, lengths and names, as people read them.

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (number) => String(number).padStart(2, '0');

/** Microseconds of a time as RFC 3339; more exact than `Date`, which ends at milliseconds. */
export function micros(text) {
  const [whole, fraction = ''] = text.replace(/Z$/, '').split('.');
  return Date.parse(`${whole}Z`) * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
}

/** The present, in microseconds. */
export const nowMicros = () => Date.now() * 1000;

/** A time of day in the zone of the reader, with its date if that is not today. */
export function moment(text, { seconds = true } = {}) {
  if (text === undefined || text === null) return '';
  const at = new Date(text);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}${seconds ? `:${two(at.getSeconds())}` : ''}`;
  const isToday = at.toDateString() === new Date().toDateString();
  if (isToday) return time;
  const isThisYear = at.getFullYear() === new Date().getFullYear();
  const day = isThisYear ? `${at.getDate()} ${MONTHS[at.getMonth()]}` : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${time}`;
}

/** A time with its thousandths, for the journal. */
export function exact(text) {
  const thousandths = String(Math.floor((micros(text) % 1e6) / 1000)).padStart(3, '0');
  return `${moment(text)}.${thousandths}`;
}

/** A length of time, of microseconds, with two figures that count. */
export function length(length) {
  const us = Math.max(0, Math.round(length));
  if (us === 0) return '0';
  if (us < 1000) return `${us} µs`;
  if (us < 1e6) return `${trimmed(us / 1000)} ms`;
  const seconds = us / 1e6;
  if (seconds < 60) return `${trimmed(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

const trimmed = (number) => (number < 10 ? number.toFixed(1).replace(/\.0$/, '') : String(Math.round(number)));

/** How long ago a time is, or how far ahead. */
export function ago(text, now = nowMicros()) {
  const away = now - micros(text);
  if (Math.abs(away) < 1e6) return 'just now';
  return away > 0 ? `${length(coarse(away))} ago` : `in ${length(coarse(-away))}`;
}

/** How long something lasts since a time. */
export const since = (text, now = nowMicros()) => length(coarse(Math.max(0, now - micros(text))));

const coarse = (us) => (us < 60e6 ? Math.floor(us / 1e6) * 1e6 : us);

/** The end of an id, which differs from those of its neighbours; the beginning is the time. */
export const brief = (id) => (id.length > 12 ? `…${id.slice(-8)}` : id);

/** A number with its thousands apart. */
export const count = (number) => (number ?? 0).toLocaleString('en-US').replaceAll(',', '\u202f');

/** One thing or several. */
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;
