"""Pages from recorded results only; nothing is computed here."""
