"""Links in mails by which their recipient decides. Opening one changes nothing."""
