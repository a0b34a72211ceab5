/** A guest: its kernel, its machine, what it runs, and how it is watched and stopped. */
