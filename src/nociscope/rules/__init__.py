"""Published decision rules over scores, signs and tables: what each says of one participant, and what was missing."""
