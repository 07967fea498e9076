ALTER TABLE `accounts` ADD `plan_due` integer;--> statement-breakpoint
CREATE INDEX `accounts_plan_due` ON `accounts` (`plan_due`) WHERE plan_due IS NOT NULL;--> statement-breakpoint
ALTER TABLE `clusters` ADD `plan` text DEFAULT 'unlimited' NOT NULL;--> statement-breakpoint
-- Accounts from before there were plans keep what they had.
UPDATE accounts SET plan = 'unlimited';