/** A search that has to begin anew. */

/** What a search relied on has turned out to be too little. What was learned is kept: it begins anew and knows better. */
export class Restart extends Error {}
