"""How Cadena is started: on one machine (`local`), for a tour (`demo`), and in production (compose)."""
