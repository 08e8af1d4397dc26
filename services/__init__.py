"""Three services, three powers: custody decides, audit seals, notify speaks. None imports another."""
