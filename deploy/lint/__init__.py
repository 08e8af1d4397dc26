"""House rules that no linter knows: checked by reading the syntax trees of services/ and shared/."""
