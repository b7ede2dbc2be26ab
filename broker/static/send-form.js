// A form that only hands over to another site is sent by itself. Without a script its button does the same.
document.querySelector("form[data-send]").submit();
