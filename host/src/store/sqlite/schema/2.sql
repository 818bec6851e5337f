-- Why an entity that is produced no more is still in Port.
ALTER TABLE ledger ADD COLUMN waits TEXT;
CREATE INDEX ledger_waits ON ledger (plugin, subject, blueprint) WHERE waits IS NOT NULL;

-- `owner/name` of what an item is about, where no delivery says it: for whoever looks for it.
ALTER TABLE item ADD COLUMN whose TEXT;
