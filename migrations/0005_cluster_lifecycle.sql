ALTER TABLE `clusters` ADD `version` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `clusters` ADD `told` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `clusters` ADD `suspended_at` integer;--> statement-breakpoint
CREATE INDEX `clusters_untold` ON `clusters` (`updated_at`) WHERE told < version;--> statement-breakpoint
CREATE INDEX `clusters_creating` ON `clusters` (`updated_at`) WHERE state = 'creating';--> statement-breakpoint
ALTER TABLE `operations` ADD `queued` integer DEFAULT false NOT NULL;