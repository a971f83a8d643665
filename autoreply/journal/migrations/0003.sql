-- Twice a second the responder looks for buyers who have waited too long: in a long queue too, at once.
CREATE INDEX handoffs_waiting ON handoffs (waiting_since) WHERE state = 'open' AND raised_at IS NULL;
