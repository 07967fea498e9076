DROP INDEX `clusters_untold`;--> statement-breakpoint
ALTER TABLE `clusters` RENAME COLUMN `told` TO `observed_version`;--> statement-breakpoint
CREATE INDEX `clusters_unobserved` ON `clusters` (`updated_at`) WHERE observed_version < version;
