/** Tells if an object has a field, its own or an accessor of its class. */
export function hasField(value: object, name: string): boolean {
  return Object.hasOwn(value, name) || (name in value && !(name in Object.prototype));
}
