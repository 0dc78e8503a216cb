// A spec that is being written: what somebody has said over what is understood anyway.

function at(value, path) {
  return path.reduce((inner, key) => inner?.[key], value);
}

function isEmpty(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length === 0;
}

/** Paths are arrays of keys and indices. */
export class SpecDocument {
  constructor(said, defaults) {
    this.said = structuredClone(said);
    this.defaults = defaults;
  }

  /** What holds at a path: what was said, else the default. */
  value(path) {
    const said = at(this.said, path);
    return said === undefined ? at(this.defaults, path) : said;
  }

  /** Whether anything was said there. */
  says(path) {
    return at(this.said, path) != null;
  }

  /** Say it. What is equal to the default is left out again, so that the document stays short. */
  set(path, value) {
    const isDefault = JSON.stringify(value) === JSON.stringify(at(this.defaults, path));
    this.said = this.#changed(this.said, path, isDefault && path[0] !== "dataset" ? undefined : value, []);
  }

  #changed(inner, [key, ...rest], value, above) {
    // An entry of a list stands for itself: a list begins as a copy of the whole default.
    const known = inner ?? structuredClone(at(this.defaults, above));
    const copy = Array.isArray(known) ? [...known] : { ...inner };
    const next = rest.length === 0 ? value : this.#changed(copy[key], rest, value, [...above, key]);
    if (next === undefined || isEmpty(next)) {
      if (Array.isArray(copy)) copy.splice(key, 1);
      else delete copy[key];
    } else copy[key] = next;
    return copy;
  }
}
