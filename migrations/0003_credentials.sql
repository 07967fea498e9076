ALTER TABLE `credentials` ADD `groups` text;--> statement-breakpoint
CREATE INDEX `credentials_expires` ON `credentials` (`expires_at`) WHERE expires_at IS NOT NULL;--> statement-breakpoint
ALTER TABLE `tokens` ADD `former_hash` text;--> statement-breakpoint
ALTER TABLE `tokens` ADD `former_until` integer;--> statement-breakpoint
CREATE UNIQUE INDEX `tokens_former_hash_unique` ON `tokens` (`former_hash`);--> statement-breakpoint
CREATE INDEX `tokens_person` ON `tokens` (`person_id`) WHERE person_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `tokens_expires` ON `tokens` (`expires_at`) WHERE expires_at IS NOT NULL;