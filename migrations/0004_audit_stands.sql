CREATE TRIGGER `audit_stands` BEFORE UPDATE ON `audit` BEGIN
	SELECT RAISE(ABORT, 'the audit log is only ever added to');
END;
--> statement-breakpoint
CREATE TRIGGER `audit_is_kept` BEFORE DELETE ON `audit` WHEN OLD.`at` > (unixepoch() - 34560000) * 1000 BEGIN
	SELECT RAISE(ABORT, 'the audit log is kept for 400 days');
END;
