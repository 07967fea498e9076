ALTER TABLE `sign_ins` ADD `browser_hash` text;--> statement-breakpoint
ALTER TABLE `sign_ins` ADD `issuer` text;--> statement-breakpoint
ALTER TABLE `sign_ins` ADD `goes_on` text;--> statement-breakpoint
CREATE INDEX `sign_ins_expires` ON `sign_ins` (`expires_at`);--> statement-breakpoint
ALTER TABLE `sign_ins` DROP COLUMN `sealed`;